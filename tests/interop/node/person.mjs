// The conversation between a client in node and the test that plays its user.
//
// A program prints one JSON object a line. {"open": address} asks the user to sign in and to grant; the answer, one line on
// standard input, is the address to which the authorization server sent the browser. {"told": facts} ends the conversation.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** The sandbox account, its application included, as `sandbox.json` tells it. */
export const account = JSON.parse(process.env.DIRECTCA_ACCOUNT);

/** Let the user open `address`; answers where the browser ended. */
export async function consent(address) {
  console.log(JSON.stringify({ open: String(address) }));
  const { value, done } = await lines.next();
  assert(!done, "nobody answered");
  return new URL(value);
}

/** End well. */
export function tell(facts) {
  console.log(JSON.stringify({ told: facts }));
  process.exit(0);
}

/** The status of a call of the certificate API with an access token. */
export async function apiStatus(accessToken) {
  const answer = await fetch(`${account.base_url}/api/certificate/query`, {
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  return answer.status;
}
