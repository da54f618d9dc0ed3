import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import createError from '@fastify/error'

const pkcs8Pem = { type: 'pkcs8', format: 'pem' } as const

export const SecretEmptyError = createError<[string]>('SECRET_EMPTY', 'the secret in %s is empty; delete the file and a new secret is made, or restore it from a backup', 500)

/** A secret is given as text, or made once and kept in a file. */
export type SecretSource = { readonly kind: 'given', readonly text: string } | { readonly kind: 'kept', readonly file: string }

/**
 * The secret's text. A kept one that doesn't exist yet is made; of several processes that start at once, one makes
 * it and all get the same. The file is readable by its owner only and survives a crash once this returns.
 * @throws SecretEmptyError
 */
export async function secretText (source: SecretSource, make: () => string): Promise<string> {
  if (source.kind === 'given') return source.text
  const kept = await readKept(source.file)
  if (kept !== undefined) return kept
  await keep(source.file, make())
  const made = await readKept(source.file)
  if (made === undefined) throw new SecretEmptyError(source.file)
  return made
}

async function readKept (file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.trim() === '') throw new SecretEmptyError(file)
    return text
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Link, not rename: it fails where another process was faster, so that nobody's secret is replaced. */
async function keep (file: string, text: string): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomUUID()}`
  try {
    await writeDurably(draft, text)
    await link(draft, file)
    await syncFolder(folder)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await unlink(draft)
  }
}

async function writeDurably (file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function hasCode (error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** ECDSA P-256, for media addresses: about nine times as many signatures a second as RSA-2048. */
export function newSigningKeyPem (): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8Pem).toString()
}

/** Ed25519, for access tokens. */
export function newJwtKeyPem (): string {
  return generateKeyPairSync('ed25519').privateKey.export(pkcs8Pem).toString()
}

/** 256 random bits as hex, for the upload addresses of the disk store. */
export function newUploadSecret (): string {
  return randomBytes(32).toString('hex')
}
