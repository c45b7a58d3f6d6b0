"""Second factors of an IAM user: they are ended last, so that no password is left to stand alone.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
"""

from offkey import boto
from offkey.http import Writer
from offkey.model import Account
from revokers.aws_iam import Admin
from revokers.protocol import NotAutomatic

DELETE_VIRTUAL = "DeleteVirtualMFADevice"


def end_factor(http: Writer, asker: Admin, holder: Account, serial: str) -> None:
    """Deactivate the device, and delete a virtual one. Raises NotAutomatic while a password would stand alone."""
    if asker.ask("GetLoginProfile", UserName=holder.login):
        raise NotAutomatic(
            f"{holder.login} has a console password, which would open the console alone",
            advice="remove the password first, then plan again",
        )
    status, _, _ = boto.call(http, asker.iam, "DeactivateMFADevice", UserName=holder.login, SerialNumber=serial)
    if status == 200 and ":mfa/" in serial:
        boto.call(http, asker.iam, DELETE_VIRTUAL, SerialNumber=serial)
