"""Sources that hear devices announce themselves, each turning what it hears into sightings."""
