"""A simulated Cloudgene 3 server with the imputation application, for demonstrations and tests.

Paths, shapes, spellings and messages follow genepi/cloudgene3, genepi/imputationserver2 (2.0.12)
and genepi/imputationserver-utils (1.5.3), their oddities included. What it imputes is simulated.
"""
