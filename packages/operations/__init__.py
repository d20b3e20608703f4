"""Verbs about packages: bring one in, put another file in its place, withdraw or delete it, keep what it reports."""

from packages.operations.packages import UnableToDelete as UnableToDelete
from packages.operations.packages import add_package as add_package
from packages.operations.packages import change_package as change_package
from packages.operations.packages import delete_package as delete_package
from packages.operations.packages import offer_package_again as offer_package_again
from packages.operations.packages import withdraw_package as withdraw_package
from packages.operations.results import UnableToKeep as UnableToKeep
from packages.operations.results import keep_report as keep_report
from packages.operations.sweeping import drop_replaced as drop_replaced
from packages.operations.sweeping import drop_unnamed as drop_unnamed
