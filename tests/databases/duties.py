"""Every duty of the table, by its name there."""

from tests.databases import asking, showing, verifying, working
from tests.databases.duty import Duty

ALL: dict[str, type[Duty]] = {
    "livez": asking.Livez,
    "ready": asking.Ready,
    "sign_in": asking.SignIn,
    "overview": showing.Overview,
    "jobs": showing.Jobs,
    "job": showing.OneJob,
    "submit": showing.Submit,
    "upload": asking.Upload,
    "download": asking.Download,
    "services": showing.Services,
    "admin_services": showing.AdminServices,
    "admin_people": showing.AdminPeople,
    "notifications": showing.Notifications,
    "follow": working.Follow,
    "collect": working.Collect,
    "clear": working.Clear,
    "probe": working.Probe,
    "canary": working.Canary,
    "verify": verifying.Verify,
    "roll_up": working.RollUp,
    "notify": working.Notify,
    "audit": working.Audit,
    "alert": working.Alert,
}
