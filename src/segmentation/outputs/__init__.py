"""What leaves the program: masks, cutouts, run-length submissions, the folder job."""
