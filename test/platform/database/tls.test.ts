import { execFileSync } from 'node:child_process'
import { chown, copyFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbeddedPostgres } from '../../../src/platform/database/embedded-postgres.ts'
import { freshet } from '../../support/cli.ts'
import { withDatabase } from '../../support/database.ts'
import { temporaryFolder } from '../../support/stores.ts'

/** An authority, and certificates from it for the names given; by openssl, as an operator would. */
function authority (folder: string): { readonly caFile: string, certificate(name: string): { readonly keyFile: string, readonly file: string } } {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=An authority of our own', '-days', '2')
  return {
    caFile: at('ca.pem'),
    certificate (name) {
      const [keyFile, file] = [at(`${name}.key`), at(`${name}.pem`)]
      openssl('req', '-x509', ...newKey, '-keyout', keyFile, '-out', file, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-addext', 'basicConstraints=critical,CA:FALSE', '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-days', '2')
      return { keyFile, file }
    }
  }
}

/** A server that lets nobody in without TLS. */
async function encryptedPostgres (t: Test, folder: string) {
  const dir = join(folder, 'data')
  const { url, stop } = await startEmbeddedPostgres({ dir, passwordFile: join(folder, 'password') })
  t.teardown(stop)
  const { uid, gid } = await stat(dir)
  const admin = new pg.Client({ connectionString: withDatabase(url, 'postgres') })
  await admin.connect()
  t.teardown(() => admin.end())
  await writeFile(join(dir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n')
  return {
    url: new URL(url),
    async show ({ keyFile, file }: { readonly keyFile: string, readonly file: string }) {
      for (const [from, to] of [[keyFile, 'server.key'], [file, 'server.crt']] as const) {
        await copyFile(from, join(dir, to))
        await chown(join(dir, to), uid, gid)
      }
      await admin.query('ALTER SYSTEM SET ssl = on')
      await admin.query('SELECT pg_reload_conf()')
    }
  }
}

t.test('DATABASE_TLS=verify lets in the server that it means and no other', { timeout: 120_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  const { caFile, certificate } = authority(folder)
  const { url, show } = await encryptedPostgres(t, folder)
  const migrate = (env: NodeJS.ProcessEnv) => freshet(['migrate'], {
    env: { DATA_DIR: join(folder, 'freshet'), DATABASE_URL: `postgresql://localhost:${url.port}${url.pathname}`, DATABASE_USER: url.username, DATABASE_PASSWORD: url.password, DATABASE_TLS: 'verify', NODE_EXTRA_CA_CERTS: caFile, ...env }
  })

  await show(certificate('db.example.org'))
  t.match(await migrate({}), { code: 1, stderr: /DATABASE_TLS: no encrypted connection .*(?:altnames|does not match)/ }, 'another host’s certificate')
  await show(certificate('localhost'))
  t.match(await migrate({ NODE_EXTRA_CA_CERTS: undefined }), { code: 1, stderr: /DATABASE_TLS: no encrypted connection .*certificate/ }, 'an authority that nobody vouches for')
  t.match(await migrate({ DATABASE_URL: `postgresql://127.0.0.1:${url.port}${url.pathname}` }), { code: 1, stderr: /DATABASE_TLS: no encrypted connection .*127\.0\.0\.1/ }, 'an address that the certificate doesn’t name')
  t.match(await migrate({ DATABASE_TLS: 'off' }), { code: 1, stderr: /no encryption/ }, 'without TLS')
  t.match(await migrate({}), { code: 0, stdout: /^Applied / }, 'the right name from the right authority')
})
