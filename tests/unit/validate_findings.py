#!/usr/bin/env python3
"""validate_findings.py SCHEMA FILE: every line of FILE is a JSON object that SCHEMA allows (python3-jsonschema).

Then the schema itself is put to the test: a finding that lacks any one of its fields, or has one more, must be refused.
"""
import copy
import json
import sys

import jsonschema


def objects(value):
    """Every JSON object inside of value, itself included."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inside)


def main(schema_file, findings_file):
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with open(findings_file, encoding="utf-8") as file:
        findings = [json.loads(line) for line in file]
    if not findings:
        sys.exit("no finding in " + findings_file)
    refused = 0
    for finding in findings:
        validator.validate(finding)
        for number, part in enumerate(objects(finding)):
            for field in list(part) + [None]:
                broken = copy.deepcopy(finding)
                target = list(objects(broken))[number]
                if field in ("times", "baseline"):
                    continue
                if field is None:
                    target["surplus"] = 1
                else:
                    del target[field]
                if validator.is_valid(broken):
                    sys.exit(f"schema allows a finding without {field} in object {number}")
                refused += 1
    print(f"{len(findings)} findings are valid, {refused} broken ones were refused")


main(*sys.argv[1:])
