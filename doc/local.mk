# Manual pages.
dist_man_MANS += doc/polgen.8 doc/polgen-policy.5
