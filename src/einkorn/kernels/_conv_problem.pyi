ALGORITHM_CODES: dict[str, int]
ALGORITHMS: tuple[str, ...]
