import { navigate } from '../app/router.svelte.ts'
import { withPart } from '../app/with-part.ts'
import { signOut } from './session.svelte.ts'

/** Signs out, after a question where kept music would go with it; says so where it can't. */
export async function askAndSignOut (): Promise<void> {
  await withPart(() => import('../offline/may-leave.ts'), async ({ mayLeave }) => {
    if (!await mayLeave()) return
    await signOut()
    navigate('/')
  })
}
