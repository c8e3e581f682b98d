// Says which documents fit a schema: {"schema", "documents", "strictest"} on stdin, a list of truths on stdout.
"use strict";
const { readFileSync } = require("node:fs");
const Ajv = require("ajv");
const formats = require("ajv-formats");

const { schema, documents, strictest } = JSON.parse(readFileSync(0, "utf8"));
// By default ajv is strict about everything but style, which it only remarks on.
const ajv = new Ajv(strictest ? { strict: true } : { strictTypes: false });
formats(ajv);
const fits = ajv.compile(schema);
console.log(JSON.stringify(documents.map((document) => fits(document))));
