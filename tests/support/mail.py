"""A real mail server for tests/tell.rs and tests/sendmail.rs: with a certificate and a key in PEM files as arguments
STARTTLS and one login, or it takes nothing; one address that it refuses, one that it refuses for now. Prints its port, then
each message: to whom, all of it, and its text."""

import asyncio
import email
import email.policy
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@"):
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(f"to {','.join(envelope.rcpt_tos)} tls {session.ssl is not None}")
        print(envelope.content.decode("utf-8", "replace"))
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(f"TEXT {message.get_content()}")
        print("END", flush=True)
        return "250 OK"


def login(server, session, envelope, mechanism, auth_data):
    known = auth_data.login == b"matins" and auth_data.password == b"canary-77"
    # Not handled: the server itself answers 535.
    return AuthResult(success=known, handled=False)


closed = {}
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    closed = {"tls_context": context, "require_starttls": True, "authenticator": login, "auth_required": True}


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Keeper(), **closed),
        "127.0.0.1",
        0,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until the test ends us.
    await server.serve_forever()


asyncio.run(serve())
