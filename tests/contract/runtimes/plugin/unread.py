"""A plugin that ends without reading its input."""

import json

print(json.dumps({"answer": "not read"}))
