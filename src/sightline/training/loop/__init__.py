"""The run: phases, epochs, validation, the best."""
