import { constants } from 'node:zlib'
import compress from '@fastify/compress'
import type { FastifyInstance } from 'fastify'

const minBytes = 1_024
/** Low: answers are made for one reader and compressed while they wait. */
const brotliQuality = 4
const gzipLevel = 3

/** Compresses what a scope's routes answer, for clients that take it. Call before registering them. */
export async function compressAnswers (scope: FastifyInstance): Promise<void> {
  await scope.register(compress, {
    global: true,
    globalDecompression: false,
    threshold: minBytes,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } },
    zlibOptions: { level: gzipLevel }
  })
}
