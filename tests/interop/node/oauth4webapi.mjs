// oauth4webapi: every message checked against the letter of the RFCs; here with the secret in the body.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { account, apiStatus, consent, tell } from "./person.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(account.base_url);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
);
const client = { client_id: account.client_id };
const authentication = oauth.ClientSecretPost(account.client_secret);

assert(server.code_challenge_methods_supported.includes("S256"));
assert(!server.code_challenge_methods_supported.includes("plain"));
assert.equal(server.authorization_response_iss_parameter_supported, true);

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const address = new URL(server.authorization_endpoint);
address.search = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: account.redirect_uri,
  response_type: "code",
  scope: "tuser.account",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
});
const parameters = oauth.validateAuthResponse(server, client, await consent(address), state);

async function redeem(codeVerifier) {
  const answer = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, account.redirect_uri, codeVerifier, insecure,
  );
  return oauth.processAuthorizationCodeResponse(server, client, answer);
}

const first = await redeem(verifier);
assert.equal(first.scope, "tuser.account");
assert.equal(await apiStatus(first.access_token), 200);

async function refresh(token) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, token, insecure);
  return oauth.processRefreshTokenResponse(server, client, answer);
}

async function introspect(token) {
  const answer = await oauth.introspectionRequest(server, client, authentication, token, insecure);
  return oauth.processIntrospectionResponse(server, client, answer);
}

const second = await refresh(first.refresh_token);
assert.notEqual(second.refresh_token, first.refresh_token);
assert.equal((await introspect(second.access_token)).active, true);

// RFC 6749 4.1.2: a code that comes twice buys nothing, and takes back what it bought.
await assert.rejects(redeem(verifier), { error: "invalid_grant" });
assert.equal((await introspect(second.access_token)).active, false);
assert.equal(await apiStatus(second.access_token), 401);

const revoked = await oauth.revocationRequest(server, client, authentication, second.refresh_token, insecure);
await oauth.processRevocationResponse(revoked);

tell({ issuer: server.issuer });
