/**
 * What in-toto asks of a statement, as a schema: our own transcription of https://github.com/in-toto/attestation, spec/v1/statement.md,
 * spec/v1/resource_descriptor.md, spec/v1/digest_set.md, spec/predicates/test-result.md, and protos/in_toto_attestation/v1/*.proto there.
 */
import * as v from 'valibot';

/** Consumers leave out fields that they do not know; a producer's own is named by a URI (spec/v1/README.md, "Parsing rules"). */
const knowsFields = (value: object, known: readonly string[]) =>
  Object.keys(value).every((name) => known.includes(name) || uri.test(name));
const unnamed = 'a field of its own has no URI for a name';
const uri = /^[a-z][a-z0-9+.-]*:\S+$/i;

/** Lower-case hexadecimal digits of the algorithm's length. */
const digestSet = v.pipe(
  v.record(v.string(), v.pipe(v.string(), v.regex(/^[0-9a-f]+$/))),
  v.check((digests) => Object.keys(digests).length > 0, 'no digest'),
  v.check(({ sha256 }) => sha256 === undefined || sha256.length === 64, 'sha256 has 64 digits'),
  v.check(({ gitCommit }) => gitCommit === undefined || [40, 64].includes(gitCommit.length), 'gitCommit has 40 digits'),
);

const descriptorFields = ['name', 'uri', 'digest', 'content', 'downloadLocation', 'mediaType', 'annotations'];
const resourceDescriptor = v.pipe(
  v.looseObject({
    name: v.optional(v.string()),
    uri: v.optional(v.pipe(v.string(), v.regex(uri))),
    digest: v.optional(digestSet),
    content: v.optional(v.string()),
    downloadLocation: v.optional(v.string()),
    mediaType: v.optional(v.string()),
    annotations: v.optional(v.record(v.string(), v.unknown())),
  }),
  v.check((value) => knowsFields(value, descriptorFields), unnamed),
  v.check(
    ({ uri: at, digest, content }) => at !== undefined || digest !== undefined || content !== undefined,
    'one of uri, digest, content',
  ),
);

const predicateFields = ['result', 'configuration', 'url', 'passedTests', 'warnedTests', 'failedTests'];

export const statementSchema = v.pipe(
  v.looseObject({
    _type: v.literal('https://in-toto.io/Statement/v1'),
    subject: v.pipe(
      v.array(resourceDescriptor),
      v.minLength(1),
      // In a subject the digest is required.
      v.check((subjects) => subjects.every(({ digest }) => digest !== undefined), 'a subject without a digest'),
    ),
    predicateType: v.literal('https://in-toto.io/attestation/test-result/v0.1'),
    predicate: v.pipe(
      v.looseObject({
        result: v.picklist(['PASSED', 'WARNED', 'FAILED']),
        configuration: v.array(resourceDescriptor),
        url: v.optional(v.string()),
        passedTests: v.optional(v.array(v.string())),
        warnedTests: v.optional(v.array(v.string())),
        failedTests: v.optional(v.array(v.string())),
      }),
      v.check((value) => knowsFields(value, predicateFields), unnamed),
    ),
  }),
  v.check((value) => knowsFields(value, ['_type', 'subject', 'predicateType', 'predicate']), unnamed),
);
