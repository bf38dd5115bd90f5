"""What runs in House Helper's pods beside the API, and in the pods by which operators reach its stores. One process is one container."""
