"""The AWS API of the local cloud: one moto behind a door a region, its world kept on disk."""
