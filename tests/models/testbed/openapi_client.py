"""A client that knows nothing of the service but its OpenAPI document, with Python's standard library alone.

    client = Client("http://127.0.0.1:8080")
    answer = client.call("maintain", {"mode": "enter"}, sddc=0, cluster=0, host="1")
    answer.status, answer.body, answer.headers

Whatever is sent and whatever comes back is held against the document: an operation, a parameter, a status, a header or a
member of a body that it does not have is an Untrue.
"""
import http.client
import json
import re
import urllib.parse


class Untrue(Exception):
    """The service and its document differ."""


class Closed(Exception):
    """The connection was closed without an answer."""


class Answer:
    def __init__(self, status, headers, text, body):
        self.status, self.headers, self.text, self.body = status, headers, text, body


TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}
KEYWORDS = {"type", "description", "example", "format", "default", "required", "properties", "additionalProperties",
            "minProperties", "maxProperties", "items", "minItems", "maxItems", "enum", "pattern", "minLength", "maxLength",
            "minimum", "maximum", "oneOf", "$ref"}


class Document:
    def __init__(self, text):
        def once(pairs):
            if len({name for name, _ in pairs}) < len(pairs):
                raise Untrue(f"a name twice in {[name for name, _ in pairs]}")
            if ("required", []) in pairs:
                raise Untrue("an empty list of required members, which OpenAPI 3.0 does not have")
            return dict(pairs)
        self.tree = json.loads(text, object_pairs_hook=once)
        if not self.tree["openapi"].startswith("3.0."):
            raise Untrue("not OpenAPI 3.0")
        self.operations = {}
        for path, item in self.tree["paths"].items():
            for method, operation in item.items():
                if method == "parameters":
                    continue
                if operation["operationId"] in self.operations:
                    raise Untrue(f"operationId {operation['operationId']} twice")
                parameters = [self.resolve(one) for one in item.get("parameters", []) + operation.get("parameters", [])]
                named = {one["name"] for one in parameters if one["in"] == "path"}
                if named != set(re.findall(r"{(\w+)}", path)):
                    raise Untrue(f"{path} and its parameters differ")
                self.operations[operation["operationId"]] = (method.upper(), path, parameters, operation)

    def resolve(self, part):
        while "$ref" in part:
            reference, part = part["$ref"], self.tree
            for name in reference.removeprefix("#/").split("/"):
                part = part[name]
        return part

    def check(self, schema, value, where):
        """Hold a value against a schema."""
        def demand(is_good, what):
            if not is_good:
                raise Untrue(f"{where}: {what}: {json.dumps(value)[:200]}")
        schema = self.resolve(schema)
        if set(schema) - KEYWORDS:
            raise Untrue(f"{where}: cannot check {set(schema) - KEYWORDS}")
        if "oneOf" in schema:
            fits = []
            for one in schema["oneOf"]:
                try:
                    self.check(one, value, where)
                    fits.append(one)
                except Untrue:
                    pass
            demand(len(fits) == 1, f"fits {len(fits)} of oneOf")
        if "type" in schema:
            demand(TYPES[schema["type"]](value), f"is no {schema['type']}")
        if "enum" in schema:
            demand(value in schema["enum"], f"is none of {schema['enum']}")
        if isinstance(value, str):
            demand(len(value) >= schema.get("minLength", 0), "is too short")
            demand(len(value) <= schema.get("maxLength", len(value)), "is too long")
            demand(re.search(schema.get("pattern", ""), value), f"is not like {schema.get('pattern')}")
        if isinstance(value, (int, float)):
            demand(value >= schema.get("minimum", value), "is too small")
            demand(value <= schema.get("maximum", value), "is too large")
        if isinstance(value, list):
            demand(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)), "has a wrong length")
            for i, item in enumerate(value):
                self.check(schema.get("items", {}), item, f"{where}[{i}]")
        if isinstance(value, dict):
            demand(schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)),
                   "has a wrong number of members")
            for name in schema.get("required", []):
                demand(name in value, f"lacks {name}")
            for name, item in value.items():
                known = name in schema.get("properties", {})
                demand(known or schema.get("additionalProperties", True), f"{name} is not documented")
                if known:
                    self.check(schema["properties"][name], item, f"{where}.{name}")


class Client:
    def __init__(self, url, token=None, timeout_s=20):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.token, self.timeout_s = parts.hostname, parts.port, token, timeout_s
        self.connection = None
        status, _, text = self.send("GET", "/openapi.json")
        if status != 200:
            raise Untrue(f"no document: {status}")
        self.document = Document(text)
        self.seen = {}  # operationId -> the statuses that came

    def send(self, method, target, headers=None, body=None):
        """One request as it is; the connection is kept, and opened again once if the service had closed it."""
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            self.connection.request(method, target, body, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (http.client.HTTPException, ConnectionError) as reason:
            self.connection.close()
            self.connection = None
            raise Closed(str(reason)) from reason
        if answer.will_close:
            self.connection.close()
            self.connection = None
        return answer.status, answer.headers, text

    def call(self, operation_id, body=None, /, **arguments):
        method, path, parameters, operation = self.document.operations[operation_id]
        headers, query = {}, {}
        for one in parameters:
            name = one["name"].replace("-", "_").lower()
            if name not in arguments:
                if one.get("required"):
                    raise Untrue(f"{operation_id} needs {name}")
                continue
            value = arguments.pop(name)
            self.document.check(one["schema"], value, f"{operation_id} {name}")
            if one["in"] == "path":
                path = path.replace("{%s}" % one["name"], urllib.parse.quote(str(value), safe=""))
            elif one["in"] == "query":
                query[one["name"]] = value
            else:
                headers[one["name"]] = str(value)
        if arguments:
            raise Untrue(f"{operation_id} has no {arguments}")
        if body is not None:
            content = operation["requestBody"]["content"]["application/json"]
            self.document.check(content["schema"], body, f"{operation_id} body")
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        return self.check_answer(operation_id, *self.send(method, target, headers, body))

    def check_answer(self, operation_id, status, headers, text):
        """Hold an answer against what the document says of the operation."""
        where = f"{operation_id} {status}"
        self.seen.setdefault(operation_id, set()).add(status)
        responses = self.document.operations[operation_id][3]["responses"]
        if str(status) not in responses:
            raise Untrue(f"{where} is not documented: {text[:200]}")
        response = self.document.resolve(responses[str(status)])
        for name, header in response.get("headers", {}).items():
            value = headers.get(name)
            if value is None:
                if header.get("required"):
                    raise Untrue(f"{where}: no {name}")
                continue
            schema = self.document.resolve(header["schema"])
            self.document.check(schema, int(value) if schema["type"] == "integer" else value, f"{where} {name}")
        if "content" not in response:
            if text:
                raise Untrue(f"{where}: a body that is not documented")
            return Answer(status, headers, text, None)
        kind = (headers.get("Content-Type") or "").split(";")[0]
        if kind not in response["content"]:
            raise Untrue(f"{where}: {kind} is not documented")
        value = json.loads(text) if kind.endswith("json") else text
        self.document.check(response["content"][kind]["schema"], value, where)
        if kind == "application/problem+json" and value["status"] != status:
            raise Untrue(f"{where}: the body says {value['status']}")
        return Answer(status, headers, text, value)
