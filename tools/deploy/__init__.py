"""Putting Fieldproof on machines: the install script, and a broker that lets no one else in.

``fieldproof deploy`` makes a certificate authority, mosquitto's configuration with its access
rules, and one certificate per client; it needs the package cryptography (extra ``server``).

A client is known by its certificate's common name, which mosquitto takes as the user: a device is
``site/device``, so that ``%u`` in a pattern of the access rules is the middle of its topics. That
name is the client id too: no client can throw another out by taking its id.
"""
