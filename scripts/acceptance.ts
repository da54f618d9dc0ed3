import { AcceptanceError, readOptions } from '../test/acceptance/acceptance-options.ts'
import { runAcceptance } from '../test/acceptance/run-acceptance.ts'

// Checks a running service over HTTP: npm run acceptance -- https://music.example.org [--profile smoke|core|full]
try {
  const { failed } = await runAcceptance(readOptions(process.argv.slice(2), process.env), console.log)
  process.exitCode = failed === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof AcceptanceError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
