"""What goes over the wire, resource by resource, as the OpenAPI document shows it."""
