"""The maker of the sample data: Matinee, a small film-streaming service that doesn't exist, and what is true of it."""
