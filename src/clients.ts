import type { Client } from './contract.ts'
import { compileAddressList } from './lib/ip.ts'
import type { ClientLists } from './route.ts'

/**
 * Compiles allow and deny lists. An unknown address passes no allow list, and is on no deny list.
 * @throws {TypeError} naming an entry that is neither an address nor a range.
 */
export function compileClients(lists: ClientLists = {}): (client: Client) => boolean {
  const isAllowed = lists.allow && compileAddressList(lists.allow)
  const isDenied = lists.deny && compileAddressList(lists.deny)
  return ({ address }) => {
    if (isAllowed && !(address && isAllowed(address))) return false
    return !(isDenied && address && isDenied(address))
  }
}
