"""The platform at a glance: how runs and jobs went lately, and whether its parts are well."""
