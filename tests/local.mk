# Every test speaks TAP. Unit tests are cmocka programs; the rest are scripts.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
LOG_COMPILER = $(top_srcdir)/tests/unit/run
EXTRA_DIST += tests/unit/run
# A script's exit code only repeats its "not ok" lines; dying early it lacks its plan.
AM_SH_LOG_DRIVER_FLAGS = --ignore-exit
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	POLGEN='$(abs_top_builddir)/polgen'; export POLGEN; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir;

TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
TEST_LIBS = $(POLGEN_LIBS) $(CMOCKA_LIBS) $(SYSTEM_LIBS)

include $(srcdir)/tests/unit/compat/local.mk
include $(srcdir)/tests/unit/policy/local.mk
include $(srcdir)/tests/unit/translate/local.mk
include $(srcdir)/tests/unit/backends/local.mk
include $(srcdir)/tests/unit/frontend/local.mk
include $(srcdir)/tests/golden/local.mk
include $(srcdir)/tests/cases/local.mk
include $(srcdir)/tests/netns/local.mk
include $(srcdir)/tests/cli/local.mk
include $(srcdir)/tests/parity/local.mk
include $(srcdir)/tests/docker/local.mk
include $(srcdir)/tests/kernels/local.mk
include $(srcdir)/tests/fuzz/local.mk

# It fills the kernel's table of neighbours, which is one for all network namespaces: after the others.
# (Named by a function, or automake would take this for the rule that runs it.)
ALONE = tests/netns/test_lab.log
$(filter $(ALONE),$(TEST_LOGS)): $(filter-out $(ALONE),$(TEST_LOGS))
include $(srcdir)/tests/bench/local.mk
