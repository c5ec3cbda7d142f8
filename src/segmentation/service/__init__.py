"""The service: photos that other programs send by HTTP, answered with their cutouts."""
