# unit/policy
