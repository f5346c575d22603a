# Only other compiled modules use what this one defines.
