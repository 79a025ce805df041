"""A token as a merchant's backend signs it: SECRET=… python sign_token.py."""

import os
import time

import jwt

claims = {
    "sub": "customer-4711",
    "role": "viewer",
    "name": "Ada L.",
    "exp": int(time.time()) + 3600,
}
print(jwt.encode(claims, os.environ["SECRET"], algorithm="HS256"))
