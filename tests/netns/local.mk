# netns
