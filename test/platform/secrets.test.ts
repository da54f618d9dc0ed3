import { createPrivateKey } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret, secretText } from '../../src/platform/secrets.ts'
import { temporaryFolder } from '../support/stores.ts'

t.test('a given secret is taken as it is', async (t) => {
  t.equal(await secretText({ kind: 'given', text: 'secret' }, () => t.fail('not to be made') as never), 'secret')
})

t.test('of many who need a secret at once all get the same, for ever, and only the owner may read it', async (t) => {
  const dir = await temporaryFolder(t)
  const file = join(dir, 'secrets', 'upload-secret')
  const need = async (name: string) => {
    await sleep(Math.random() * 4)
    return await secretText({ kind: 'kept', file: `${file}${name}` }, newUploadSecret)
  }
  for (let round = 0; round < 20; round++) {
    const same = await Promise.all(Array.from({ length: 8 }, () => need(`.${round}`)))
    t.equal(new Set(same).size, 1)
  }
  const secrets = [await need('')]
  t.match(secrets[0], /^[0-9a-f]{64}$/)
  t.equal(await secretText({ kind: 'kept', file }, newUploadSecret), secrets[0])
  t.equal(await readFile(file, 'utf8'), secrets[0])
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await stat(join(dir, 'secrets'))).mode & 0o777, 0o700)
  t.same((await readdir(join(dir, 'secrets'))).sort(), ['upload-secret', ...Array.from({ length: 20 }, (_, round) => `upload-secret.${round}`)].sort(), 'no draft is left')
})

t.test('an empty file is not taken for a secret, nor replaced', async (t) => {
  const file = join(await temporaryFolder(t), 'key')
  await writeFile(file, '\n')
  await t.rejects(secretText({ kind: 'kept', file }, newUploadSecret), { code: 'SECRET_EMPTY', message: new RegExp(file) })
  t.equal(await readFile(file, 'utf8'), '\n')
})

t.test('keys are of the kinds that their use needs', (t) => {
  t.match(createPrivateKey(newSigningKeyPem()), { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } })
  t.equal(createPrivateKey(newJwtKeyPem()).asymmetricKeyType, 'ed25519')
  t.end()
})
