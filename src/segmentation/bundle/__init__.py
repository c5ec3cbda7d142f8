"""The model bundle: a folder with the weights and all that is needed to predict."""
