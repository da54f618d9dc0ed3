#!/usr/bin/env node
/**
 * Stands in for Prisma's native schema engine, which its CLI would download: the same command line and JSON-RPC over
 * standard input, answered by the engine's WebAssembly build. For authoring migrations where the download host can't be
 * reached; the running service never needs it.
 */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, type SqlDriverAdapter, type SqlQuery } from '@prisma/driver-adapter-utils'

const { values } = parseArgs({
  strict: false,
  options: { datasource: { type: 'string' }, datamodels: { type: 'string', multiple: true } }
})
const url: string = JSON.parse(String(values.datasource ?? '{}')).url ?? ''

/** Postgres' one-byte "char" (OID 18), which adapter-pg does not know and the engine expects as a character. */
const charOid = 18
const textOid = 25

interface RawResult { fields: Array<{ dataTypeID: number }> }
interface Internals { performIO(query: SqlQuery): Promise<RawResult>, underlyingDriver(): { query(sql: string): Promise<unknown> } }

/** Mends what the engine needs and adapter-pg lacks: "char" columns, and scripts whose function bodies contain `;`. */
function mended (adapter: SqlDriverAdapter): SqlDriverAdapter {
  const inner = adapter as SqlDriverAdapter & Internals
  const original = inner.queryRaw
  inner.executeScript = async (script) => { await inner.underlyingDriver().query(script) }
  inner.queryRaw = async (query) => {
    const charColumns: number[] = []
    const proxied: SqlDriverAdapter = Object.create(inner, {
      performIO: {
        value: async (q: SqlQuery) => {
          const result = await inner.performIO(q)
          result.fields.forEach((field, i) => { if (field.dataTypeID === charOid) charColumns.push(i) })
          return { ...result, fields: result.fields.map((field) => field.dataTypeID === charOid ? { ...field, dataTypeID: textOid } : field) }
        }
      }
    })
    const result = await original.call(proxied, query)
    for (const i of charColumns) result.columnTypes[i] = ColumnTypeEnum.Character
    return result
  }
  return inner
}

class MigrationAdapter extends PrismaPg {
  override async connect (): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect()
    mended(adapter)
    return adapter
  }
}

/** Node has it; the type libraries here know it from the browser only. */
declare const WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }> }

interface Engine {
  version(): Promise<string>
  diff(params: object): Promise<{ exitCode: number, stdout?: string }>
}

async function loadEngine (): Promise<Engine> {
  const glueUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const glue = await import(glueUrl)
  const bytes = await readFile(fileURLToPath(new URL('./schema_engine_bg.wasm', glueUrl)))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start
  if (typeof start === 'function') start()
  const datamodels = await Promise.all((values.datamodels ?? []).map(async (path) => [path, await readFile(String(path), 'utf8')]))
  const factory = bindMigrationAwareSqlAdapterFactory(new MigrationAdapter({ connectionString: url, max: 1 }))
  return await glue.SchemaEngine.new(datamodels.length > 0 ? { datamodels } : {}, () => {}, factory)
}

const engine = await loadEngine()

function write (message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

async function answer (method: string, params: object): Promise<unknown> {
  if (method === 'getDatabaseVersion') return await engine.version()
  if (method !== 'diff') throw new Error(`${method} is not supported without the native engine`)
  const { exitCode, stdout } = await engine.diff(params)
  if (stdout !== undefined) write({ id: `print-${Date.now()}`, method: 'print', params: { content: stdout } })
  return { exitCode, stdout: null }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (method === undefined) continue
  try {
    write({ id, result: await answer(method, params ?? {}) })
  } catch (error) {
    write({ id, error: { code: 4466, message: 'An error happened.', data: { is_panic: false, message: error instanceof Error ? error.message : String(error) } } })
  }
}
process.exit(0)
