// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/source.h"

/*
 * What changes from one replica, one start or one build to the next. What is left says what a
 * container is for: com.docker.compose.project, .service and .oneoff, com.docker.stack.namespace,
 * com.docker.swarm.service.name, io.kubernetes.pod.namespace, and all that people write themselves.
 */
const char *const pg_ignored_labels_default[] = {
	/* Compose: the number of the replica, and how and from what it was made */
	"com.docker.compose.config-hash",
	"com.docker.compose.container-number",
	"com.docker.compose.depends_on",
	"com.docker.compose.image",
	"com.docker.compose.image.*",
	"com.docker.compose.project.config_files",
	"com.docker.compose.project.environment_file",
	"com.docker.compose.project.working_dir",
	"com.docker.compose.replace",
	"com.docker.compose.slug",
	"com.docker.compose.version",
	/* Swarm: the task, where it runs, and numbers for what also has a name */
	"com.docker.stack.image",
	"com.docker.swarm.node.id",
	"com.docker.swarm.service.id",
	"com.docker.swarm.task",
	"com.docker.swarm.task.*",
	/* Docker Desktop and editors: paths on the developer's machine */
	"desktop.docker.io/*",
	"devcontainer.*",
	/* Kubernetes through cri-dockerd: the pod's instance */
	"annotation.*",
	"controller-revision-hash",
	"io.kubernetes.container.*",
	"io.kubernetes.pod.name",
	"io.kubernetes.pod.uid",
	"io.kubernetes.sandbox.id",
	"pod-template-generation",
	"pod-template-hash",
	/* The image: who built it, when, from what */
	"build-date",
	"com.redhat.*",
	"io.buildah.version",
	"maintainer",
	"org.label-schema.*",
	"org.opencontainers.image.*",
	"vcs-ref",
	NULL,
};
