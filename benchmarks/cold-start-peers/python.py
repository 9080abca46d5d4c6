"""A function of Python that has imported what is named, asking for its first event: MODULE…"""

import importlib
import os
import sys
from http.client import HTTPConnection

for name in sys.argv[1:]:
    importlib.import_module(name)
connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
connection.getresponse()
