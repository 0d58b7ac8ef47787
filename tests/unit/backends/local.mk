# unit/backends
