"""Moving every holder of a retiring SKU to its targets; knows no HTTP. A room per step, and each knows those below it.

commands      one file per verb: the order of effects, nothing else
gather        every name an id: products, people, groups; is the tenant ready?
decide        who moves to what, or why not: one change or one hold per user
guard         may this plan begin?
apply         journal first: look, write down, send, write down; many batches, killed and continued
reconcile     what became of everybody, on fresh reads, and may the subscription be canceled
report        one finding in, bytes out
run_folder    the files of one run, out and in: each step leaves what the next one reads
model         values that travel between the rooms
ports         what the job asks of the outside world
errors        exit codes, and the errors that carry one
"""
