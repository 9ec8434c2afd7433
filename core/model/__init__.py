"""What things are: devices, certificates, sightings, messages and errors. Pure data, no I/O."""
