import numpy as np
def out_of_domain_score(f, g): return 1 - (f @ g.T).max(axis=1)
