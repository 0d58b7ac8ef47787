# Identity maps, and the tc programs that read them.
libbackends_a_SOURCES +=
