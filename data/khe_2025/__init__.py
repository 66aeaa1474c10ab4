"""Cases of Khe, Chaipunya and Bangviwat (2025); sources.csv says where each number comes from."""
