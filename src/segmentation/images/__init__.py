"""Photos in and out: reading, writing, Photoshop documents, and what is drawn into pictures."""
