import t from 'tap'
import { keepWritten, writtenHeaders } from '../../web/app/written.ts'

const name = 'x-freshet-written'
const answer = (written?: string) => new Response(null, written === undefined ? {} : { headers: { [name]: written } })
const at = (cluster: string, lsn: string) => `${cluster.padStart(16, '0')}-00000001-${lsn.padStart(16, '0')}`

t.test('of answers that overtake each other, the later position is sent on', async (t) => {
  t.same(writtenHeaders(), {})
  keepWritten(answer(at('a', 'ff')))
  keepWritten(answer(at('a', '9')))
  keepWritten(answer())
  t.same(writtenHeaders(), { [name]: at('a', 'ff') })
  keepWritten(answer(at('a', '100')))
  t.same(writtenHeaders(), { [name]: at('a', '100') })
})

t.test('a database that was replaced begins anew', async (t) => {
  keepWritten(answer(at('b', 'ff')))
  keepWritten(answer(at('a', '1')))
  t.same(writtenHeaders(), { [name]: at('a', '1') })
})
