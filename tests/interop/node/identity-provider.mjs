// An OpenID provider that other people wrote (oidc-provider), for tests: who signs in, and at which level, is said in the address of
// its sign-in page. It prints its issuer once it listens.
import { createServer } from "node:http";
import { once } from "node:events";
import { Provider } from "oidc-provider";

const redirectUris = process.argv.slice(2);
const people = JSON.parse(process.env.PEOPLE);
const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "directca",
      client_secret: "a secret: of + and %",
      redirect_uris: redirectUris,
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  acrValues: ["urn:example:ial2", "urn:example:ial1"],
  claims: { openid: ["sub"], profile: ["name"], acr: null, auth_time: null },
  cookies: { keys: ["tests only"] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: people[id] }) }),
});
const oidc = provider.callback();
server.on("request", async (request, response) => {
  const asked = new URL(request.url, issuer);
  if (!asked.pathname.startsWith("/interaction/")) return oidc(request, response);
  const { params } = await provider.interactionDetails(request, response);
  const accountId = asked.searchParams.get("login");
  if (!accountId) return response.end("who are you?");
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile");
  const result = {
    login: { accountId, acr: asked.searchParams.get("acr") ?? "urn:example:ial2", remember: false },
    consent: { grantId: await grant.save() },
  };
  return provider.interactionFinished(request, response, result);
});
console.log(issuer);
