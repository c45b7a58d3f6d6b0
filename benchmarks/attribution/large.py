def measured(*a):
    raise NotImplementedError
