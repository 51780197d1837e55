"""Training one model: many steps in one program, resumable to the bit."""
