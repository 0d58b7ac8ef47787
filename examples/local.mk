# Policies with their tests, installed with the documentation.
nobase_dist_doc_DATA = \
	examples/flip/endpoints.json \
	examples/flip/policy.json \
	examples/thesis/case-l4.json \
	examples/thesis/case.json \
	examples/thesis/policy.json \
	examples/webshop/cases/edge.json \
	examples/webshop/cases/ipv6.json \
	examples/webshop/cases/operations.json \
	examples/webshop/cases/outside.json \
	examples/webshop/cases/tiers.json \
	examples/webshop/endpoints.json \
	examples/webshop/policy.json
