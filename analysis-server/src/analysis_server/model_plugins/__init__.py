"""Makes plugins of the models that come with Satellite: folders that bring their code."""
